"""Studies: grids of experiments that are written in a TOML file, run by Snakemake and reported.

- `file`: the study file, typed and checked; `options`: options of commands in it; `places`: lines for messages;
- `grid`: the rows of the study; `plan`: the steps that they need, each an ordinary command; `estimate`: what they cost;
- `workflow`: the Snakemake workflow and its run; `init` and `templates/`: studies to begin with;
- `report/`: tables, pictures and checks of what was run.
"""
