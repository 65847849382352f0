"""What is claimed of accuracy, calibration, speed and memory, as programmes that measure it again."""
