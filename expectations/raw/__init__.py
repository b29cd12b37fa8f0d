"""What is expected of raw, one file a source. Record by record, raw was checked as it landed; here it is seen whole."""
