# What helps with the results of eow.change, eow.forecast and eow.hindcast; imported when used.
from .alarm import alarms as alarms
from .change_report import changed_places as changed_places
from .change_report import filter_places as filter_places
from .change_report import save_places as save_places
from .change_report import sentence as sentence
from .change_report import timeline as timeline
from .change_words import ChangeWords as ChangeWords
from .change_words import describe_change as describe_change
from .forecast_files import append_frames as append_frames
from .forecast_files import skill_table as skill_table
from .forecast_files import to_csv as to_csv
from .forecast_files import to_netcdf as to_netcdf
from .registration import misregistration as misregistration
