"""The trainer beside other trainers."""
