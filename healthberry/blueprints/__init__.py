"""The HTTP edge: guard, ask core, commit, render."""
