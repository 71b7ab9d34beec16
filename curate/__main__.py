"""`python -m curate`: the same as the console script, without the working directory on the module path."""

from curate.house import drop_working_directory

if __name__ == "__main__":
    drop_working_directory()
    from curate.cli import main

    main()
