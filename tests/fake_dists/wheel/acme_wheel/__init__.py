"""The package that carries a component: nothing of it may be imported."""

raise RuntimeError("imported")
