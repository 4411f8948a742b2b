"""The APIs in front of what is served."""

from inferform import Apis, HttpApi, HttpRoute, RestApi, RestRoute, Throttle


def apis(rest: dict[str, str], http: dict[str, str]) -> Apis:
    """What reaches services by path: one API for signed requests to endpoints, one for the others."""
    throttle = Throttle(requests_per_second=50, burst=20)
    leads = {path: HttpRoute(service=name) for path, name in http.items()}
    return Apis(
        rest={
            "models": RestApi(
                routes={path: RestRoute(service=name) for path, name in rest.items()},
                throttle=throttle,
            )
        },
        http={"services": HttpApi(routes=leads, throttle=throttle)} if leads else {},
    )
