"""The command line: parse, build one spec, run one job, print one report."""
