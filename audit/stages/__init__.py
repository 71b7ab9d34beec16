"""Stages that live with the judgement: they flag the data set and change nothing."""
