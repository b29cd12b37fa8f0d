"""What is expected at the two borders: raw, before it is built upon, and the marts, before they are published."""
