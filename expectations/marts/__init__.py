"""What is expected of the marts, one file an area: figures that make sense and agree with what came in.

Keys, relations and logic are dbt's tests. A bad score is news, and stops nothing."""
