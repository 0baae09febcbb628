"""What all parties agree on: messages, mailbox, map, topics, reasons, events and the agent
protocol.

Pure: no clock, chance, socket, file, thread, environment or log call. Imports none of the other
packages.
"""
