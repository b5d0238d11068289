"""Charts as files: what a page draws, for a spreadsheet and for a report. See `chart.Chart`."""
