"""The nodes' configurations, as templates."""
