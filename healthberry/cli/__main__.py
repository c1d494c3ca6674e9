"""`python -m healthberry.cli`: the same commands where nothing is installed."""

from healthberry.cli import main

if __name__ == "__main__":
    main()
