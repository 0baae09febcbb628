"""Corridor maps as GeoJSON (docs/MAP.md). Data only; shells read them, contract.map
compiles them.
"""
