"""The plugin author's side: new projects, bindings, builds, tests, reference pages."""
