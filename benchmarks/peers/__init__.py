"""The peers' servers, as their documents would have them written."""
