"""`python -m evalpkg.cli`."""

from evalpkg.cli import main

if __name__ == "__main__":
    main()
