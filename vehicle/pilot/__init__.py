"""The pilot: twenty times a second from sensors and a drive order to steering and acceleration.
Kernels.
"""
