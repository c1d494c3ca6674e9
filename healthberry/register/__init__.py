"""The national register of providers: built from published files, shipped with the package, loaded, refreshed."""
