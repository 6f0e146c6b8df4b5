"""What services may know of each other: one file a service, none of them imports another."""
