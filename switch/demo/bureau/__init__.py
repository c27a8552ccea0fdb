"""What there is besides where a bureau's cards are used: nodes' configurations, and what others' files say more."""
