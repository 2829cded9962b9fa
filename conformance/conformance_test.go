// Package conformance runs the upstream Gateway API suite against the cluster of a kubeconfig.
//
// Flags are the suite's own, and three more. Upstream gates tests by features alone, so that a GatewayClass that lists
// HTTPRoute has all tests of HTTPRoute run for the profile GATEWAY-GRPC as well; here only tests of the named profiles run.
// Tests that upstream runs in parallel run one after the other: its report is made before these have run, and counts
// all of them as passed.
package conformance

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/gateway-api/pkg/features"
)

var (
	only         = flag.String("only", "", "comma-separated names of tests: run these, supported or not")
	inParallel   = flag.Bool("in-parallel", false, "run tests in parallel that may be; the report is not true then")
	everyFeature = flag.Bool("every-feature", false, "run the tests of features that the GatewayClass does not list, too")
)

var profiles = map[suite.ConformanceProfileName]suite.ConformanceProfile{
	suite.GatewayGRPCConformanceProfileName: suite.GatewayGRPCConformanceProfile,
	suite.GatewayHTTPConformanceProfileName: suite.GatewayHTTPConformanceProfile,
	suite.GatewayTLSConformanceProfileName:  suite.GatewayTLSConformanceProfile,
	suite.GatewayTCPConformanceProfileName:  suite.GatewayTCPConformanceProfile,
	suite.GatewayUDPConformanceProfileName:  suite.GatewayUDPConformanceProfile,
}

func TestConformance(t *testing.T) {
	options := conformance.DefaultOptions(t)
	known := featuresOf(options.ConformanceProfiles)
	selected := func(test suite.ConformanceTest) bool { return known.HasAll(test.Features...) }
	if *only != "" {
		names := strings.Split(*only, ",")
		selected = func(test suite.ConformanceTest) bool { return slices.Contains(names, test.ShortName) }
	}
	tests.ConformanceTests = slices.DeleteFunc(
		tests.ConformanceTests, func(test suite.ConformanceTest) bool { return !selected(test) },
	)
	if found := len(tests.ConformanceTests); found == 0 || *only != "" && found != strings.Count(*only, ",")+1 {
		t.Fatalf("only %d tests are called %q, or are of profiles %v", found, *only, options.ConformanceProfiles)
	}
	for i := range tests.ConformanceTests {
		tests.ConformanceTests[i].Parallel = tests.ConformanceTests[i].Parallel && *inParallel
	}
	if *everyFeature || *only != "" {
		for _, test := range tests.ConformanceTests {
			options.SupportedFeatures = append(options.SupportedFeatures, test.Features...)
		}
	}
	conformance.RunConformanceWithOptions(t, options)
}

// featuresOf has what the profiles count, and the features of GRPCRoute that no profile counts.
func featuresOf(names []suite.ConformanceProfileName) suite.FeaturesSet {
	known := suite.FeaturesSet{}
	for _, name := range names {
		known = known.Union(profiles[name].CoreFeatures).Union(profiles[name].ExtendedFeatures)
		if name == suite.GatewayGRPCConformanceProfileName {
			known = known.Union(features.SetsToNamesSet(features.GRPCRouteExtendedFeatures))
		}
	}
	return known
}
