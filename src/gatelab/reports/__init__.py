"""Reports for people and for other programs: HTML, Markdown, JUnit.

In: what an instrument has found (an experiment's `Report`, a load run's document). Out: text in one of these formats.
It must not measure, judge or change a figure: what is not in the report is not in its pictures.
"""
