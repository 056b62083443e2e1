"""The bands of optical and radar satellites, described in a sentence each."""

from __future__ import annotations

#: Kind of band -> pattern of its names in questions.
BAND_NAMES: dict[str, str] = {
    "red edge": r"(?:red[ -]?edge(?: bands?)?|rededge\d?)",
    "shortwave infrared": r"(?:swir(?:[ -]?\d+)?|short-?wave[ -]infra-?red)",
    "near infrared": r"(?:nir(?:08)?|near[ -]infra-?red)",
    "vertical, vertical": r"(?:vv)",
    "vertical, horizontal": r"(?:vh)",
    "backscatter": r"(?:backscatter(?:ing)?)",
}

#: Kind of band -> what it measures and its use.
MEANS: dict[str, str] = {
    "red edge": "The red edge is the steep rise of the reflectance of plants between red and near infrared light, about 0.68 to "
    "0.78 µm: it indicates the chlorophyll content of leaves, and is still sensitive where NDVI is saturated",
    "shortwave infrared": "SWIR stands for shortwave infrared, light of about 1.4 to 3 µm: water absorbs it, so it indicates the "
    "moisture of plants and soil and burnt ground, and separates snow from cloud",
    "near infrared": "NIR stands for near infrared, light of about 0.75 to 1.4 µm: leaves reflect it strongly and water "
    "hardly at all, so it separates vegetation and water",
    "vertical, vertical": "VV is the part of the radar signal that is sent and received with vertical polarisation: it "
    "indicates the roughness and moisture of surfaces; calm water is dark",
    "vertical, horizontal": "VH is the part of the radar signal that is sent with vertical and received with horizontal "
    "polarisation: it is scattered back by volumes such as crowns of trees",
    "backscatter": "Backscatter is the part of a radar signal that the ground sends back to the satellite, usually in decibels",
}
