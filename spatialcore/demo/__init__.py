"""Small data for the demo, the tutorials and examples. No network is needed."""

from spatialcore.demo.accuracy import accuracy_on_known
from spatialcore.demo.blood import blood_data
from spatialcore.demo.pancreas import demo_section
from spatialcore.demo.simulated import simulated_data

__all__ = ["accuracy_on_known", "blood_data", "demo_section", "simulated_data"]
