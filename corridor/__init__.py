"""The supervisor: interlocking, authorities, dispatch, ledger. Pure but for __main__ and cli."""
