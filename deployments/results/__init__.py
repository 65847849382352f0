"""The parts of the server of results."""
