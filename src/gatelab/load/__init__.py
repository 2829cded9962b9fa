"""Open-loop load: schedules, engine, histograms."""
