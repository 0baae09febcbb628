"""Files that come with the packages: the maps."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from contract.errors import ConfigError

MAPS: Final = "contract.maps"
SUFFIX: Final = ".geojson"


def packaged_maps() -> list[str]:
    """Names of the maps that are installed."""
    found = (item.name for item in files(MAPS).iterdir())
    return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX))


def map_bytes(name: str) -> bytes:
    """The bytes of a map: a name of `packaged_maps()`, or the path of a .geojson file."""
    if name.endswith(SUFFIX):
        try:
            return Path(name).read_bytes()
        except OSError as fault:
            raise ConfigError(f"map {name}: {fault.strerror}; expected a GeoJSON file") from None
    if name not in packaged_maps():
        known = ", ".join(packaged_maps()) or "none"
        raise ConfigError(
            f"map {name!r}: no such map is installed (installed: {known});"
            f" name one of them or give the path of a {SUFFIX} file"
        )
    return (files(MAPS) / f"{name}{SUFFIX}").read_bytes()
