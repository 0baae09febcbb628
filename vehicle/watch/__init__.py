"""The watch: the guard's kernel, which judges twenty times a second what the pilot commands."""
