"""What all operations have in common: figures, and events once a change is durable."""
