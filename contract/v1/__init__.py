"""Messages of wire version 1, generated from the .proto files beside this one."""
