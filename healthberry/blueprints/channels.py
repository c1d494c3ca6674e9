from flask import Blueprint

blueprint = Blueprint("channels", __name__)
