# What helps with the results of eow.change, eow.forecast and eow.hindcast; imported when used.
from .change.registration import misregistration as misregistration
from .change.report import changed_places as changed_places
from .change.report import filter_places as filter_places
from .change.report import save_places as save_places
from .change.report import sentence as sentence
from .change.report import timeline as timeline
from .change.words import ChangeWords as ChangeWords
from .change.words import describe_change as describe_change
from .forecast.alarm import alarms as alarms
from .forecast.files import append_frames as append_frames
from .forecast.files import skill_table as skill_table
from .forecast.files import to_csv as to_csv
from .forecast.files import to_netcdf as to_netcdf
