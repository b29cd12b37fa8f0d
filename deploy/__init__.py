"""The warehouse in containers: what each container does when it starts, and the demo's nights."""
