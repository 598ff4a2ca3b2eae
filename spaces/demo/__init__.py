"""The demo community: obviously invented people in places that exist. ``load.load_demo`` makes it."""
