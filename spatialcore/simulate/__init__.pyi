from spatialcore.simulate.layouts import LAYOUTS as LAYOUTS
from spatialcore.simulate.sections import section as section
