"""Tests of the project; those of the Python parts alone are in `python`, those of the running gateway in `gateway`."""
