"""The gate controller and the customs office: identity, stations, permits, barrier interlock. Pure
but for shells.
"""
