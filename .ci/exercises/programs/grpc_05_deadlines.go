// grpc/05 with grpc-go: the context carries the deadline, and a retry policy tries again.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"log"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "exercises/orders/v1"
	warehouse "exercises/warehouse/v1"
)

// Waits are drawn from 80 to 120 % of these.
const policy = `{"methodConfig": [{
	"name": [{"service": "warehouse.v1.WarehouseService"}],
	"retryPolicy": {
		"maxAttempts": 3,
		"initialBackoff": "0.1s",
		"maxBackoff": "1s",
		"backoffMultiplier": 2,
		"retryableStatusCodes": ["UNAVAILABLE"]
	}
}]}`

type server struct {
	pb.UnimplementedOrderServiceServer
	warehouse warehouse.WarehouseServiceClient
	mu        sync.Mutex
	orders    map[string]*pb.Order
}

func main() {
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LAB_GRPC_ADDR"), "127.0.0.1:50051"))
	if err != nil {
		log.Fatal(err)
	}
	// It connects with the first call.
	connection, err := grpc.NewClient(cmp.Or(os.Getenv("LAB_WAREHOUSE_ADDR"), "127.0.0.1:50052"),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(policy))
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	pb.RegisterOrderServiceServer(s, &server{
		warehouse: warehouse.NewWarehouseServiceClient(connection),
		orders:    map[string]*pb.Order{},
	})
	log.Fatal(s.Serve(listener))
}

func (s *server) CreateOrder(ctx context.Context, request *pb.CreateOrderRequest) (*pb.CreateOrderResponse, error) {
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
	}
	order := &pb.Order{
		Id:        rand.Text(),
		CreatedBy: request.GetCreatedBy(),
		Status:    pb.OrderStatus_ORDER_STATUS_QUEUED,
		Equipment: request.GetEquipment(),
		CreatedAt: timestamppb.Now(),
	}
	counts := map[pb.Equipment]uint32{}
	for _, equipment := range request.GetEquipment() {
		counts[equipment]++
	}
	reserve := &warehouse.ReserveRequest{OrderId: order.GetId()}
	for equipment, count := range counts {
		reserve.Items = append(reserve.Items, &warehouse.Item{Equipment: equipment, Count: count})
	}
	// The context has the caller's deadline, and ends when the caller leaves.
	if _, err := s.warehouse.Reserve(ctx, reserve); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders[order.GetId()] = order
	return &pb.CreateOrderResponse{Order: order}, nil
}

func (s *server) GetOrder(_ context.Context, request *pb.GetOrderRequest) (*pb.GetOrderResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if order, found := s.orders[request.GetId()]; found {
		return &pb.GetOrderResponse{Order: order}, nil
	}
	return nil, status.Error(codes.NotFound, "there is no such order")
}
