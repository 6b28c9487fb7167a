"""The report of a study.

- `collect`: scores and predictions of the finished runs; `tables`: means, comparisons, what was published;
- `pictures`: the curves, the heat map and the gains; `checks`: leakage, verdicts of `inspect`, licences;
- `text`: Markdown, LaTeX and the tidy table; `page`: the HTML page; `run`: all of it.
"""
