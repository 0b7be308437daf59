package linkit_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit"
)

// The documented names, object by object: a slip in a tag would read or write nothing, and say
// nothing.
func TestModelsHaveTheDocumentedNames(t *testing.T) {
	t.Parallel()
	for _, object := range []struct {
		model any
		names string
	}{
		{linkit.Product{}, "id iv_id organization_id name_en name_ar average_price vat_value barcode brand_id category_id generic_id is_enabled is_deleted created updated"},
		{linkit.ProductParams{}, "iv_id name_en name_ar average_price vat_value barcode brand_id category_id generic_id is_enabled"},
		{linkit.SKU{}, "id iv_id organization_id product_iv_id branch_iv_id barcode qty price cost available created updated"},
		{linkit.SKUParams{}, "iv_id product_iv_id branch_iv_id barcode qty price cost available"},
		{linkit.Branch{}, "id iv_id organization_id name_en name_ar active location working_hours working_hours_periods created updated"},
		{linkit.BranchParams{}, "iv_id name_en name_ar active location working_hours working_hours_periods"},
		{linkit.Location{}, "lat lon"},
		{linkit.WorkingHoursPeriod{}, "WeekDay OpenHour OpenMinute CloseHour CloseMinute"},
		{linkit.Brand{}, "id brand_code organization_id name_en name_ar product_count created updated"},
		{linkit.BrandParams{}, "brand_code name_en name_ar"},
		{linkit.Category{}, "id category_code organization_id name_en name_ar parent_id depth path product_count created updated"},
		{linkit.CategoryParams{}, "category_code name_en name_ar parent_id"},
		{linkit.Generic{}, "id generic_code organization_id name_en name_ar products product_count common_brands created updated"},
		{linkit.GenericParams{}, "generic_code name_en name_ar"},
		{linkit.Customer{}, "id organization_id first_name last_name email phone birthdate gender type status created updated"},
		{linkit.CustomerParams{}, "first_name last_name email phone birthdate gender type status"},
		{linkit.CustomerGroup{}, "id name description created updated"},
		{linkit.CustomerGroupParams{}, "name description"},
		{linkit.Order{}, "spec_version id organization_id source source_reference source_transaction_id source_timestamp destination_id destination_reference " +
			"order_status fulfillment_status payment_status fulfillment_method payment_method currency total_amount discounts_amount vat_amount customer_name " +
			"customer_phone customer_email receiver_name receiver_phone skus products shipping_address order_code order_type transport_type comment promised_for " +
			"is_preorder delivery_fee service_fee subtotal store_name dispatch_routing created updated"},
		{linkit.OrderParams{}, "source external_id customer_name customer_email customer_phone products subtotal discount tax delivery_fee total_amount currency " +
			"status payment_status fulfillment_status notes"},
		{linkit.LineItem{}, "product_id name quantity price total"},
		{linkit.Offer{}, "id organization_id organization_app_id name offer_type status is_active target_scope target_iv_id target_barcode discount_type " +
			"discount_value start_at end_at meta buy_qty get_qty buy_iv_id get_iv_id get_discount_percent"},
		{linkit.OfferParams{}, "organization_app_id name offer_type status is_active target_scope target_iv_id target_barcode discount_type " +
			"discount_value start_at end_at meta buy_qty get_qty buy_iv_id get_iv_id get_discount_percent"},
		{linkit.OfferStatusParams{}, "status is_active"},
		{linkit.Integration{}, "slug name type enabled last_sync is_active billing_frozen"},
		{linkit.IntegrationConfig{}, "slug name type organization_id version base_url headers_count params_count supports_staging custom_config configured_at"},
		{linkit.IntegrationCustomConfig{}, "sync_products sync_inventory sync_orders"},
		{linkit.Provider{}, "id name description type regions app_slug"},
		{linkit.ProviderConfig{}, "note endpoints credentials custom_params notes"},
		{linkit.ProviderEndpoints{}, "list_providers provider_config payment_orders"},
		{linkit.PaymentOrderParams{}, "providers order"},
		{linkit.PaymentOrderDetails{}, "total_amount currency line_items"},
		{linkit.PaymentLineItem{}, "sku name qty price"},
		{linkit.PaymentOrder{}, "order_id accepted_gateways active_gateway app_slug execute_endpoint execute_method next_action"},
		{linkit.PaymentStatus{}, "service_operational billing_mode included_app_slots"},
		{linkit.CredentialStatus{}, "checked_at user service_operational billing"},
		{linkit.CredentialUser{}, "id email name type"},
		{linkit.CredentialBilling{}, "status"},
		{linkit.User{}, "id email organization_id"},
		{linkit.Ping{}, "message timestamp"},
		{linkit.Health{}, "status version environment timestamp"},
		{linkit.SystemHealth{}, "status version environment uptime_seconds system_health"},
		{linkit.SystemHealthDetail{}, "status initialized started timestamp total_apps active_apps manager_metrics registry_metrics scheduler_metrics"},
		{linkit.ManagerMetrics{}, "active_instances total_instances total_organizations"},
		{linkit.RegistryMetrics{}, "total_factories total_created total_errors cache_hit_rate"},
		{linkit.SchedulerMetrics{}, "active_workers total_executions successful_runs failed_runs"},
		{linkit.Telemetry{}, "version measured runtime store staging"},
		{linkit.TelemetryRuntime{}, "goroutines cpu_count alloc_mb total_alloc_mb sys_mb num_gc gc_pause_ns"},
		{linkit.TelemetryStore{}, "products branches skus orders customers"},
		{linkit.TelemetryStaging{}, "pending processing completed_today"},
	} {
		assert.ElementsMatch(t, strings.Fields(object.names), names(t, object.model), "%T", object.model)
	}
}

// names are those that v is written with when nothing in it is zero.
func names(t *testing.T, v any) (found []string) {
	t.Helper()
	full := reflect.New(reflect.TypeOf(v)).Elem()
	setAll(full)
	text, err := json.Marshal(full.Interface())
	assert.NoError(t, err)
	var members map[string]json.RawMessage
	assert.NoError(t, json.Unmarshal(text, &members), "%s", text)
	for name := range members {
		found = append(found, name)
	}
	return found
}

// setAll sets every field to something that isn't left out.
func setAll(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte(`{}`))
	case v.Type() == reflect.TypeFor[linkit.Time]():
		v.Set(reflect.ValueOf(created))
	case v.Type() == reflect.TypeFor[linkit.Date]():
		v.Set(reflect.ValueOf(linkit.DateOf(created.Time)))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case v.Kind() == reflect.String:
		v.SetString("x")
	case v.CanInt():
		v.SetInt(1)
	case v.CanFloat():
		v.SetFloat(1)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Raw" && f.Name != "Extra" {
				setAll(v.Field(i))
			}
		}
	}
}
