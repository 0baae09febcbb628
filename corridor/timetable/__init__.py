"""The timetable: which convoy uses which resource when, planned within a time budget."""
