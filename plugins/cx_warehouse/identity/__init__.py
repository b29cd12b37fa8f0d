"""Who is who: one customer out of many records, with a reason for each link."""
