"""For staff: check that a kit is coherent, build what is handed out."""
