"""People look at a run and decide; faces call these modules, which ask nobody and draw nothing.

    session, steps      one run as those who decide see it, and single actions on its journal
    filter, value       findings chosen by words, and what a decision on each is expected to change
    findings, rows      what to ask next of findings, and of rows: did the detectors miss anything? What the answers certify
    words, answers      what is said of findings and decisions, and what a person says of a row
    sheet               a review in a spreadsheet
    residual            what the scanner of personal data missed, from a sample that people read
    certified           what answers certify, for the manifest
    judging             answers of trained models, compared blindly
"""
