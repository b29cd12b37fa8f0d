"""What the user of the campaign can mend: one line."""


class CampaignError(Exception):
    """The campaign cannot go on, or was asked for something that cannot be."""
