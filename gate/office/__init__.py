"""A customs office: a program of its own with its own release key, journal and rules. Pure but for
__main__.
"""
