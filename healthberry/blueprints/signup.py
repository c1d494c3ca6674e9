from flask import Blueprint

blueprint = Blueprint("signup", __name__)
