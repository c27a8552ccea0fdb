"""The networks' dialects, one TOML file each, and the standard's table of elements; see ``switch.codec.specfile``."""
