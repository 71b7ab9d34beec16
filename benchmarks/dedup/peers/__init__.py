"""One file a peer: its own documented usage, as a process of its own. They run in `.venv-peers`, without our packages."""
