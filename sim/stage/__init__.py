"""A staged run: the same scenario with real processes, sockets, keys and journals on loopback.

`programs` starts and ends the processes, `ports` is the hardware's end of their body channels,
`hosts` puts both where the simulator has its own hosts, `run` is the loop and the verdict.
"""
