"""Blocks: every array of the fleet under one name, as the compiled step takes them.

One row a vehicle in each. Plant, sensors, pilot and guard have blocks of their own, so that a
restart resets pilot and guard only.
"""

from typing import NamedTuple

from vehicle.pilot.columns import Array, Bits


class Blocks(NamedTuple):
    """(n, columns) unless said otherwise."""

    # truth
    state: Array
    params: Array
    road: Array
    memory: Array
    feet: Array  # (n, 2, columns)
    rears: Array
    truth: Array
    near: Bits  # (n, n)
    near_counts: Bits  # (n,)
    close_counts: Bits  # (n,)
    ticks: Bits  # (1,) steps since the start
    moving: Bits  # (n,)
    events: Bits  # (EVENTS_MAX, 3)
    # sensors and radio
    faults: Array
    noise: Array  # (block, n, columns)
    sense_memory: Array
    sensors: Array
    air: Array  # (RING, n, columns)
    radio: Array
    chance: Array  # (n, block)
    heard: Array
    # on board
    truck: Array
    gains: Array  # (n, speeds, columns)
    order: Array
    guard: Array
    pose: Array
    steering: Array
    spacing: Array
    pilot: Array
    watch: Array
    command: Array
    said: Array
    kept: Array  # the command before, for a pilot that hangs
    miles: Bits  # (n,)
    # ways
    paths: Array  # (p, m, columns)
    rows: Bits  # (p,)
    places: Array  # (p, devices)
    place_ids: Bits
    place_counts: Bits  # (p,)
    marks: Array  # (p, markers, 3): s, x, y
    mark_counts: Bits  # (p,)
